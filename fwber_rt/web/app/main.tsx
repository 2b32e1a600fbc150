import { render } from "preact";
import "../shared/base.css";
import { registerWorker } from "../shared/worker.ts";

function App() {
  return <main>fwber</main>;
}

const root = document.getElementById("root");
if (root) render(<App />, root);
registerWorker();
