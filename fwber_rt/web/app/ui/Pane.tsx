import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { back } from "../router/router.ts";
import type { Route } from "../router/route.ts";
import { t } from "../text.ts";
import { Icon } from "./Icon.tsx";

interface Props {
  title: ComponentChildren;
  /** What stands at the right of the title. */
  tools?: ComponentChildren;
  /** Where back leads when there is no step of ours to go back to; without it there is no back button. */
  from?: Route;
  /** False: the content scrolls by itself (a conversation). */
  scrolls?: boolean;
  children: ComponentChildren;
}

/**
 * One screen in the panel: its title is focused when it opens, so that readers begin there. Focus moves before the screen can be
 * seen (layout effects): an effect that waits for a frame would take it from whoever has begun to write.
 */
export function Pane({ title, tools, from, scrolls = true, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => { if (from) heading.current?.focus({ preventScroll: true }); }, []);
  return (
    <section class="pane">
      <header class={from ? "head back" : "head"}>
        {from ? <button type="button" class="round" aria-label={t("do.back")} onClick={() => back(from)}><Icon name="back" /></button> : null}
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {tools}
      </header>
      {scrolls ? <div class="scroll">{children}</div> : children}
    </section>
  );
}
