import { render } from "preact";
import "./style/index.css";
import { watchFocus } from "../shared/landing.ts";
import { reportErrors } from "../shared/report.ts";
import { registerWorker } from "../shared/worker.ts";
import { App } from "./App.tsx";
import { start } from "./start.ts";

reportErrors();
watchFocus();
start();
const root = document.getElementById("root");
if (root) render(<App />, root);
registerWorker();
