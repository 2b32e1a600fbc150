import { render } from "preact";
import "../shared/base.css";

function Admin() {
  return <main>fwber: operator</main>;
}

const root = document.getElementById("root");
if (root) render(<Admin />, root);
