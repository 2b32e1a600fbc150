import { render } from "preact";
import "./style/index.css";
import { startLook } from "../app/state/look.ts";
import { watchFocus } from "../shared/landing.ts";
import { reportErrors } from "../shared/report.ts";
import { App } from "./App.tsx";
import { startRoute } from "./route.ts";
import { startWatching } from "./watch/watching.ts";

reportErrors();
watchFocus();
startLook();
startRoute();
startWatching();
const root = document.getElementById("root");
if (root) render(<App />, root);
