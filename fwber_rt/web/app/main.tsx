import { render } from "preact";
import "./style/index.css";
import { registerWorker } from "../shared/worker.ts";
import { begin } from "./api.ts";
import { App } from "./App.tsx";
import { startRouter } from "./router/router.ts";
import { startLook } from "./state/look.ts";

startLook();
startRouter();
const root = document.getElementById("root");
if (root) render(<App />, root);
begin();
registerWorker();
