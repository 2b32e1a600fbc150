import { render } from "preact";
import "../shared/base.css";
import { reportErrors } from "../shared/report.ts";

function Admin() {
  return <main>fwber: operator</main>;
}

reportErrors();
const root = document.getElementById("root");
if (root) render(<Admin />, root);
