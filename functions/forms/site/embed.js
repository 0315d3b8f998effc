/* Puts a form of ours into a page of yours, from the form's own description:
 *   <div data-madoguchi="/newsletter"><a href="https://forms.example.jp/newsletter">登録フォーム</a></div>
 *   <script src="https://forms.example.jp/embed.js" async></script>
 * The link stays where the script does not run. Nothing is kept in the browser. The style is yours: classes begin with "madoguchi-". */
(() => {
  "use strict";
  const origin = new URL(document.currentScript.src).origin;
  const words = {
    ja: { required: "必須", optional: "任意", select: "選択してください", yes: "はい", no: "いいえ", check: "入力内容を確認する", send: "この内容で送信する",
      edit: "修正する", checking: "まだ送信されていません。内容に間違いがなければ送信してください。", sending: "送信しています…", wrong: "入力内容をご確認ください",
      failed: "通信できませんでした。入力内容は残っています。しばらくしてからもう一度お試しください。", reference: "受付番号", done: "送信しました。",
      unconfirmed: "確認のメールをお送りしました。メールのリンクを開いて、手続きを完了してください。",
      waiting: "満席のため、キャンセル待ちとして受け付けました。" },
    en: { required: "required", optional: "optional", select: "Please select", yes: "Yes", no: "No", check: "Check what you entered", send: "Send",
      edit: "Correct", checking: "Nothing has been sent yet. Send it if everything is right.", sending: "Sending…", wrong: "Please check what you entered",
      failed: "There was no connection. What you entered is kept; please try again later.", reference: "Reference number", done: "Sent.",
      unconfirmed: "We have sent you a mail. Please open its link to finish.",
      waiting: "All seats are taken. You are on the waiting list." },
  };

  // make builds an element; texts become text, never markup.
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) element.setAttribute(key, "");
      else if (value !== false && value !== undefined && value !== "") element.setAttribute(key, value);
    }
    element.append(...children.filter(child => child !== undefined));
    return element;
  };
  const paragraph = (kind, text, more = {}) => make("p", { class: "madoguchi-" + kind, ...more }, text);
  let forms = 0;

  class Form {
    constructor(place) {
      this.place = place;
      this.url = new URL(place.dataset.madoguchi, origin);
      if (this.url.origin !== origin) throw new Error("madoguchi: not a form of " + origin);
      this.prefix = "madoguchi-" + ++forms + "-";
      const language = place.dataset.lang || place.closest("[lang]")?.lang || "ja";
      if (!this.url.searchParams.has("lang")) this.url.searchParams.set("lang", language.startsWith("en") ? "en" : "ja");
    }

    async start() {
      const answer = await fetch(this.url, { headers: { Accept: "application/json" }, credentials: "omit", referrerPolicy: "no-referrer" });
      const body = await answer.json();
      if (!answer.ok) return body.detail && this.place.prepend(paragraph("closed", body.detail)); // the gateway's own answers have none: the link stays
      this.description = body;
      this.token = body.form_token;
      this.words = words[body.language];
      this.show();
    }

    // show draws the form: notice, fields, button.
    show() {
      const { notice, fields, language } = this.description;
      const [title, ...lines] = notice.split("\n");
      this.form = make("form", { novalidate: true, class: "madoguchi-form", lang: language });
      this.form.append(make("details", { class: "madoguchi-notice", open: true }, make("summary", {}, title), ...lines.filter(line => line.trim()).map(line =>
        paragraph(line.startsWith(" ") ? "line" : "term", line.trim()))));
      let group;
      for (const field of fields) {
        if (!field.group) group = undefined;
        else if (group?.title !== field.group) {
          group = make("fieldset", { class: "madoguchi-group" }, make("legend", {}, field.group));
          group.title = field.group;
          this.form.append(group);
        }
        (group || this.form).append(this.field(field));
      }
      this.trap = make("input", { name: "homepage", type: "text", tabindex: "-1", autocomplete: "off" });
      this.form.append(make("div", { hidden: true }, this.trap), make("button", { type: "submit" }, this.words.check));
      this.form.addEventListener("submit", event => { event.preventDefault(); this.check(); });
      this.place.replaceChildren(this.form);
    }

    field(field) {
      const id = this.prefix + field.name, support = field.support && id + "-support";
      const mark = make("span", { class: "madoguchi-" + (field.required ? "required" : "optional") }, field.required ? this.words.required : this.words.optional);
      const help = support && paragraph("support", field.support, { id: support });
      const yesno = field.type === "boolean" && field.required && [{ value: "true", label: this.words.yes }, { value: "false", label: this.words.no }];
      const input = (attributes) => make("input", { name: field.name, "aria-describedby": support, ...attributes });
      if (field.type === "choices" || field.type === "rating" || yesno) {
        const options = (yesno || field.options).map((option, i) => make("label", {}, input({ type: field.type === "choices" ? "checkbox" : "radio",
          value: option.value, id: i ? id + "-" + i : id, "aria-describedby": undefined }), " " + option.label));
        return make("fieldset", { class: "madoguchi-field", "aria-describedby": support }, make("legend", {}, field.label + " ", mark), help, ...options);
      }
      if (field.type === "boolean") return make("div", { class: "madoguchi-field" }, make("label", {}, input({ type: "checkbox", value: "true", id }), " " + field.label + " ", mark), help);
      const common = { id, name: field.name, required: field.required, autocomplete: field.autocomplete, "aria-describedby": support };
      const control = field.options
        ? make("select", common, make("option", { value: "" }, this.words.select), ...field.options.map(option => make("option", { value: option.value }, option.label)))
        : field.type === "textarea" ? make("textarea", { ...common, rows: "8" })
          : make("input", { ...common, type: field.type === "date" ? "date" : "text",
            inputmode: { email: "email", phone: "tel", postal_code: "numeric", number: "numeric" }[field.type] });
      return make("div", { class: "madoguchi-field" }, make("label", { for: id }, field.label + " ", mark), help, control);
    }

    // values are what is filled in, as the JSON interface takes it.
    values() {
      const data = new FormData(this.form), values = { form_token: this.token };
      for (const field of this.description.fields) {
        if (field.type === "choices") values[field.name] = data.getAll(field.name);
        else values[field.name] = data.get(field.name) || "";
      }
      if (this.trap.value) values.homepage = this.trap.value;
      return values;
    }

    // check shows what was entered before anything is sent.
    check() {
      this.tell();
      const values = this.values(), list = make("dl", { class: "madoguchi-values" });
      for (const field of this.description.fields) {
        const label = value => field.options?.find(option => option.value === value)?.label ?? (field.type === "boolean" ? value === "true" ? this.words.yes : this.words.no : value);
        list.append(make("dt", {}, field.label), make("dd", {}, [values[field.name]].flat().map(label).join("、")));
      }
      const send = make("button", { type: "button" }, this.words.send), edit = make("button", { type: "button" }, this.words.edit);
      const page = make("div", { class: "madoguchi-check", tabindex: "-1", lang: this.description.language }, paragraph("lead", this.words.checking), list, send, " ", edit);
      edit.addEventListener("click", () => { page.replaceWith(this.form); this.form.querySelector("input, select, textarea").focus(); });
      send.addEventListener("click", () => { send.disabled = true; send.textContent = this.words.sending; this.send(values, page); });
      this.form.replaceWith(page);
      page.focus();
    }

    async send(values, page) {
      const target = new URL(this.url);
      target.searchParams.delete("lang");
      try {
        const answer = await fetch(target, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" },
          body: JSON.stringify(values), credentials: "omit", referrerPolicy: "no-referrer" });
        const body = await answer.json();
        if (answer.status === 201) return this.done(page, body);
        if (body.form_token) this.token = body.form_token;
        page.replaceWith(this.form);
        this.tell(body.detail || this.words.failed, body.errors); // the gateway's own 429 and 503 have no detail
      } catch {
        page.replaceWith(this.form);
        this.tell(this.words.failed);
      }
    }

    done(page, { reference, status }) {
      const end = make("div", { class: "madoguchi-done", role: "status", tabindex: "-1", lang: this.description.language },
        paragraph("lead", this.words[status] || this.words.done), paragraph("reference", this.words.reference + ": " + reference));
      page.replaceWith(end);
      end.focus();
    }

    // tell shows what is wrong above the form and at its fields; without a message it takes that away.
    tell(message, errors = []) {
      for (const old of this.form.querySelectorAll(".madoguchi-summary, .madoguchi-error")) old.remove();
      for (const field of this.form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
      if (!message) return;
      const links = [];
      for (const error of errors) {
        const control = document.getElementById(this.prefix + error.field);
        if (!control) { if (error.message !== message) links.push(make("li", {}, error.message)); continue; }
        control.setAttribute("aria-invalid", "true");
        const link = make("a", { href: "#" + control.id }, error.message);
        link.addEventListener("click", event => { event.preventDefault(); control.focus(); });
        links.push(make("li", {}, link));
        control.closest(".madoguchi-field").append(paragraph("error", error.message));
      }
      const summary = make("div", { class: "madoguchi-summary", role: "alert", tabindex: "-1" }, make("h2", {}, this.words.wrong), paragraph("lead", message), make("ul", {}, ...links));
      this.form.prepend(summary);
      summary.focus();
    }
  }

  const begin = () => {
    for (const place of document.querySelectorAll("[data-madoguchi]")) {
      new Form(place).start().catch(error => console.error(error)); // the link in the place stays
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
