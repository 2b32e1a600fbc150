import { Component, type ComponentChildren } from "preact";
import { t } from "../text.ts";
import { Button } from "../ui/Button.tsx";

/** A screen that fails takes nothing else with it: the map, the tabs and the connection go on. */
export class Guard extends Component<{ children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  override componentDidCatch(error: unknown): void {
    this.setState({ failed: true });
    reportError(error); // as one that nobody caught: the page reports those
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div class="empty" role="alert">
        <p>{t("app.broken")}</p>
        <Button onPress={() => location.reload()}>{t("app.reload")}</Button>
      </div>
    );
  }
}
