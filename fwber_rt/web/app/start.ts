/** Everything that listens, started once and in this order; then the connection. */
import { begin } from "./api.ts";
import { startTalk } from "./conversation/talk.ts";
import { startConfig } from "./state/config.ts";
import { startKnowing } from "./me/knowing.ts";
import { startLooking } from "./people/looking.ts";
import { returnToPlace } from "./place/being.ts";
import { startHearing } from "./place/hearing.ts";
import { startTelling } from "./place/telling.ts";
import { startNotify } from "./notify.ts";
import { startRooms } from "./rooms/belonging.ts";
import { startNews } from "./rooms/news.ts";
import { startRouter } from "./router/router.ts";
import { startOwner } from "./shell/owner.ts";
import { watchInstall } from "./shell/install.ts";
import { watchKeyboard } from "./shell/keyboard.ts";
import { startTitle } from "./shell/title.ts";
import { startRelations } from "./safety/relate.ts";
import { startTold } from "./safety/told.ts";
import { startLook } from "./state/look.ts";

export function start(): void {
  watchInstall();
  watchKeyboard();
  startLook();
  startOwner();
  startRouter();
  startNotify();
  startTitle();
  void startConfig();
  startHearing();
  startKnowing();
  startLooking();
  startRelations();
  startTold();
  startRooms();
  startNews();
  startTalk();
  startTelling();
  begin();
  void returnToPlace();
}
