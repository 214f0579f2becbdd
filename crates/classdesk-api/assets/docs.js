// Reads the OpenAPI document, shows it, and sends requests. No library, no asset from elsewhere.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
let token = null;

/** Makes an element; text is never taken for markup. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function resolve(api, schema) {
  if (!schema || !schema.$ref) return schema;
  return schema.$ref.split("/").slice(1).reduce((at, key) => at[key], api);
}

/** An example of a schema: its own, or one made from its parts. */
function example(api, given, depth = 0) {
  const schema = resolve(api, given);
  if (!schema || depth > 6) return null;
  if (schema.example !== undefined) return schema.example;
  if (schema.examples) return schema.examples[0];
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => example(api, part, depth + 1)));
  const either = schema.oneOf || schema.anyOf;
  if (either) return example(api, either.find((part) => part.type !== "null"), depth + 1);
  if (schema.enum) return schema.enum[0];
  const type = [].concat(schema.type)[0];
  if (type === "array") return [example(api, schema.items, depth + 1)];
  if (type === "object") {
    const entries = Object.entries(schema.properties || {});
    return Object.fromEntries(entries.map(([key, part]) => [key, example(api, part, depth + 1)]));
  }
  return { string: "", integer: 1, number: 1, boolean: true }[type] ?? null;
}

function table(head, rows) {
  const line = (cell, texts) => make("tr", {}, ...texts.map((text) => make(cell, {}, text)));
  return make("table", {}, line("th", head), ...rows.map((row) => line("td", row)));
}

function responses(api, operation) {
  const rows = Object.entries(operation.responses).map(([status, given]) => {
    const response = resolve(api, given);
    const cell = make("div", {}, response.description || "");
    const content = Object.values(response.content || {})[0];
    if (content && status.startsWith("2") && content.schema) {
      cell.append(make("pre", {}, JSON.stringify(example(api, content.schema), null, 2)));
    }
    return [make("code", {}, status), cell];
  });
  return table(["status", "meaning"], rows);
}

async function send(method, path, fields, body, output) {
  let url = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, input } of fields) {
    if (input.value === "") continue;
    if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    if (parameter.in === "query") query.append(parameter.name, input.value);
    if (parameter.in === "header") headers[parameter.name] = input.value;
  }
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method: method.toUpperCase(), headers };
  if (body && body.json) { headers["Content-Type"] = "application/json"; options.body = body.json.value; }
  if (body && body.form) options.body = filled(body.form);
  if (query.size) url += `?${query}`;
  output.textContent = "…";
  try {
    const response = await fetch(root(url), options);
    const text = await response.text();
    const lines = [`${response.status} ${response.statusText}`];
    for (const [name, value] of response.headers) lines.push(`${name}: ${value}`);
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is no JSON */ }
    output.textContent = `${lines.join("\n")}\n\n${shown}`;
  } catch (error) {
    output.textContent = String(error);
  }
}

/** What a form holds, without what was left empty. */
function filled(form) {
  const all = new FormData(form);
  for (const [name, value] of [...all]) {
    if (value === "" || (value instanceof File && value.name === "")) all.delete(name);
  }
  return all;
}

/** The address of a path, whatever the API is mounted under. */
function root(path) {
  return new URL(`..${path}`, location.origin + location.pathname.replace(/\/?$/, "/"));
}

function bodyInputs(api, operation) {
  const content = operation.requestBody ? operation.requestBody.content : {};
  if (content["application/json"]) {
    const json = make("textarea", { "aria-label": "body" });
    const media = content["application/json"];
    json.value = JSON.stringify(media.example ?? example(api, media.schema), null, 2);
    return { shown: json, body: { json } };
  }
  const media = content["multipart/form-data"];
  if (!media) return { shown: null, body: null };
  const form = make("form");
  // It is sent by the script alone: with the Enter key a browser would leave the page.
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const [name, part] of Object.entries(resolve(api, media.schema).properties || {})) {
    const binary = part.format === "binary" || part.contentMediaType;
    const input = make("input", { name, type: binary ? "file" : "text" });
    form.append(make("p", {}, make("label", {}, `${name} `, input)));
  }
  return { shown: form, body: { form } };
}

function operationView(api, path, method, operation) {
  const fields = (operation.parameters || []).map((parameter) => ({
    parameter,
    input: make("input", { name: parameter.name, "aria-label": parameter.name }),
  }));
  const rows = fields.map(({ parameter, input }) => [
    make("code", {}, parameter.name), parameter.in, parameter.description || "", input,
  ]);
  const { shown, body } = bodyInputs(api, operation);
  const output = make("pre", { hidden: "" });
  const button = make("button", { type: "button" }, "Send");
  button.addEventListener("click", () => {
    output.removeAttribute("hidden");
    send(method, path, fields, body, output);
  });
  const inner = make("div", {},
    make("p", {}, operation.description || ""),
    rows.length ? table(["parameter", "in", "meaning", "value"], rows) : null,
    shown ? make("h4", {}, "Body") : null, shown,
    make("p", {}, button), output,
    make("h4", {}, "Answers"), responses(api, operation));
  const summary = make("summary", {},
    make("span", { class: "method" }, method.toUpperCase()), make("code", {}, path),
    ` ${operation.summary || ""}`);
  return make("details", { id: operation.operationId }, summary, inner);
}

function show(api) {
  document.getElementById("title").textContent = `${api.info.title} API ${api.info.version}`;
  const byTag = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = (item[method].tags || ["other"])[0];
      if (!byTag.has(tag)) byTag.set(tag, []);
      byTag.get(tag).push({ path, method, operation: item[method] });
    }
  }
  const contents = document.getElementById("contents");
  const main = document.getElementById("operations");
  main.replaceChildren(make("pre", {}, api.info.description || ""));
  for (const [tag, operations] of byTag) {
    contents.append(make("h2", {}, tag));
    main.append(make("h2", {}, tag));
    for (const { path, method, operation } of operations) {
      const view = operationView(api, path, method, operation);
      const link = make("a", { href: `#${view.id}` }, operation.summary || path);
      link.addEventListener("click", () => view.setAttribute("open", ""));
      contents.append(link);
      main.append(view);
    }
  }
}

document.getElementById("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const value = (id) => document.getElementById(id).value;
  const output = document.getElementById("signed-in");
  const response = await fetch(root("/api/v1/auth/login/"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: value("username"), password: value("password") }),
  });
  const answer = await response.json();
  token = response.ok ? answer.access_token : null;
  output.textContent = response.ok ? `signed in as ${answer.user.username}` : answer.title;
});

fetch(root("/api/v1/openapi.json")).then((response) => response.json()).then(show);
