// Reads {"schema", "values": {name: value}} and writes {name: [what is wrong, ...]}.
const Ajv = require("ajv/dist/2020").default;

let text = "";
process.stdin.on("data", (chunk) => (text += chunk));
process.stdin.on("end", () => {
  const { schema, values } = JSON.parse(text);
  // Strict, but for what is meant: a value of several types, of which some keywords know one, and an
  // annotation of VS Code's.
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true,
                        keywords: ["enumDescriptions"] });
  const validate = ajv.compile(schema);
  const found = {};
  for (const [name, value] of Object.entries(values)) {
    validate(value);
    found[name] = (validate.errors || []).map((error) => `${error.instancePath}: ${error.message}`);
  }
  process.stdout.write(JSON.stringify(found));
});
