import { useState } from "preact/hooks";
import { Wrong } from "../../app/explain.ts";
import { Button } from "../../app/ui/Button.tsx";
import { Field } from "../../app/ui/Field.tsx";
import { Form } from "../../app/ui/Form.tsx";
import { t } from "../text.ts";
import { Screen } from "../ui/Screen.tsx";
import { AuditList } from "./AuditList.tsx";

const ID = /^[0-9]{0,20}$/;

/** What administrators did, to whom, when and why. */
export function AuditScreen() {
  const [filter, setFilter] = useState({ by: "", user: "" });
  const send = async (values: Record<string, string>): Promise<void> => {
    const [by, user] = [(values.by ?? "").trim(), (values.user ?? "").trim()];
    if (!ID.test(by)) throw new Wrong("by", t("audit.id.wrong"));
    if (!ID.test(user)) throw new Wrong("user", t("audit.id.wrong"));
    setFilter({ by, user });
  };
  return (
    <Screen title={t("audit.title")}>
      <p class="soft small">{t("audit.what")}</p>
      <Form onSend={send} class="filters" label={t("audit.filter")}>
        {({ wrong, field }) => (
          <>
            <Field name="by" label={t("audit.filter.by")} inputMode="numeric" autoComplete="off" wrong={field === "by" ? wrong : null} />
            <Field name="user" label={t("audit.filter.user")} inputMode="numeric" autoComplete="off" wrong={field === "user" ? wrong : null} />
            <Button type="submit">{t("audit.filter")}</Button>
          </>
        )}
      </Form>
      <AuditList by={filter.by} user={filter.user} />
    </Screen>
  );
}
