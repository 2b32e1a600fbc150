import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../../app/ui/Icon.tsx";
import { t } from "../text.ts";

interface Props {
  title: ComponentChildren;
  /** What stands at the right of the title. */
  tools?: ComponentChildren;
  /** The address of the list this is one of. */
  from?: string;
  children: ComponentChildren;
}

/** One screen: its title is focused when it opens from a list, so that readers begin there. */
export function Screen({ title, tools, from, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => { if (from) heading.current?.focus({ preventScroll: true }); }, []);
  return (
    <div class="screen">
      <div class="head">
        {from ? <a class="round" href={from} aria-label={t("do.back")}><Icon name="back" /></a> : null}
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {tools}
      </div>
      {children}
    </div>
  );
}
