// What breaks clients between two OpenAPI 3.1 documents that Kith has generated. No kept package for Node.js reads 3.1
// and runs from a clone, so this compares what these documents are made of: operations, parameters, bodies, responses
// and schemas, from where clients send and get them. Patterns are not compared: whether one takes less than another
// cannot be told, and that of `sort` grows with each field.

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'];
const SUCCESS = /^[23]/;

/** `[{ name, also, detail }]`: what has changed, the old schema it had, and how. */
export function breakingChanges(before, after) {
  const [old, current] = [before, after].map((text) => JSON.parse(text));
  return new Comparison(old, current).changes();
}

class Comparison {
  #old;
  #current;
  #found = new Map();
  #compared = new Set();

  constructor(old, current) {
    this.#old = old;
    this.#current = current;
  }

  changes() {
    for (const [path, item] of Object.entries(this.#old.paths)) {
      for (const method of METHODS.filter((method) => item[method])) {
        const name = `${method.toUpperCase()} ${path}`;
        const now = this.#current.paths[path]?.[method];
        if (now) this.#operation(name, item[method], now);
        else this.#tell(name, 'was removed');
      }
    }
    const schemas = this.#current.components?.schemas ?? {};
    for (const name of Object.keys(this.#old.components?.schemas ?? {})) {
      if (!(name in schemas)) this.#tell(name, 'was removed');
    }
    return [...this.#found.values()];
  }

  #tell(name, what, also) {
    const detail = `${name} ${what}.`;
    this.#found.set(detail, { name, also, detail });
  }

  #operation(name, old, now) {
    if (old.operationId !== now.operationId) this.#tell(name, `has another operationId than ${old.operationId}`);
    if (isOpen(old) && !isOpen(now)) this.#tell(name, 'needs a key');
    this.#parameters(name, this.#all(this.#old, old.parameters), this.#all(this.#current, now.parameters));
    this.#body(name, old.requestBody, now.requestBody);
    for (const [status, response] of Object.entries(old.responses).filter(([status]) => SUCCESS.test(status))) {
      this.#response(`${name} ${status}`, this.#at(this.#old, response), this.#at(this.#current, now.responses[status]));
    }
    // Errors come in one form: that of the first of them.
    const problem = ({ responses }) => Object.entries(responses).find(([status]) => !SUCCESS.test(status))?.[1];
    this.#response(`${name} errors`, this.#at(this.#old, problem(old)), this.#at(this.#current, problem(now)));
  }

  #parameters(name, old, now) {
    const same = (one) => (other) => one.name === other.name && one.in === other.in;
    for (const parameter of old) {
      const place = `${name} ${parameter.name}`;
      const found = now.find(same(parameter));
      if (!found) {
        this.#tell(place, 'was removed');
        continue;
      }
      if (found.required && !parameter.required) this.#tell(place, 'is required');
      if (parameter.schema) this.#schema(place, parameter.schema, found.schema, 'sent');
      else this.#content(place, parameter.content, found.content, 'sent');
    }
    for (const parameter of now.filter((parameter) => parameter.required && !old.some(same(parameter)))) {
      this.#tell(`${name} ${parameter.name}`, 'was added and is required');
    }
  }

  #body(name, old, now) {
    if (now?.required && !old?.required) this.#tell(name, 'requires a body');
    if (old) this.#content(`${name} body`, old.content, now?.content, 'sent');
  }

  #response(name, old, now) {
    if (!old) return;
    if (!now) {
      this.#tell(name, 'was removed');
      return;
    }
    for (const header of Object.keys(old.headers ?? {})) {
      if (!now.headers?.[header]) this.#tell(`${name} ${header}`, 'was removed');
    }
    this.#content(name, old.content, now.content, 'got');
  }

  #content(name, old = {}, now = {}, way) {
    for (const [type, content] of Object.entries(old)) {
      if (now[type]) this.#schema(name, content.schema, now[type].schema, way);
      else this.#tell(`${name} ${type}`, 'was removed');
    }
  }

  /** Compares what is sent by clients, or got by them: the one may only take more, the other only promise more. */
  #schema(name, old = {}, now = {}, way) {
    if (old.$ref || now.$ref) {
      this.#reference(name, old, now, way);
      return;
    }
    this.#types(name, old, now, way);
    this.#values(name, old, now, way);
    if (old.format !== now.format) this.#tell(name, `changed its format from ${old.format} to ${now.format}`);
    if (JSON.stringify(old.default) !== JSON.stringify(now.default)) this.#tell(name, 'changed its default');
    if (way === 'sent') this.#bounds(name, old, now);
    this.#members(name, old, now, way);
    if (old.items) this.#schema(name, old.items, now.items, way);
    for (const kind of ['oneOf', 'anyOf', 'allOf']) this.#alternatives(name, kind, old[kind], now[kind], way);
  }

  #reference(name, old, now, way) {
    const [was, is] = [old, now].map((schema) => schema.$ref?.split('/').at(-1));
    if (was !== is) {
      this.#tell(name, `changed its type from ${was ?? 'one without a name'} to ${is ?? 'one without a name'}`, was);
      return;
    }
    const key = `${way} ${was}`;
    if (this.#compared.has(key)) return;
    this.#compared.add(key);
    this.#schema(was, this.#at(this.#old, old), this.#at(this.#current, now), way);
  }

  #types(name, old, now, way) {
    const [was, is] = [old, now].map(({ type }) => (type === undefined ? undefined : [type].flat()));
    const [from, to] = [was, is].map((types) => types?.join(' or ') ?? 'anything');
    const narrower = is && !(was && was.every((type) => is.includes(type)));
    const wider = was && !(is && is.every((type) => was.includes(type)));
    if (way === 'sent' ? narrower : wider) this.#tell(name, `changed its type from ${from} to ${to}`);
  }

  /** A value that is got need not be known to clients; they are told that more may come. */
  #values(name, old, now, way) {
    for (const value of (now.enum ? old.enum : undefined) ?? []) {
      if (!now.enum.includes(value)) this.#tell(`${name}.${value}`, 'was removed');
    }
    if (way === 'sent' ? now.enum && !old.enum : old.enum && !now.enum) this.#tell(name, 'changed its values');
  }

  #bounds(name, old, now) {
    for (const bound of ['minimum', 'minLength', 'minItems', 'minProperties']) {
      if ((now[bound] ?? -Infinity) > (old[bound] ?? -Infinity)) this.#tell(name, `has another ${bound}`);
    }
    for (const bound of ['maximum', 'maxLength', 'maxItems', 'maxProperties']) {
      if ((now[bound] ?? Infinity) < (old[bound] ?? Infinity)) this.#tell(name, `has another ${bound}`);
    }
  }

  #members(name, old, now, way) {
    const members = now.properties ?? {};
    for (const [member, schema] of Object.entries(old.properties ?? {})) {
      if (members[member]) this.#schema(`${name}.${member}`, schema, members[member], way);
      else this.#tell(`${name}.${member}`, 'was removed');
    }
    const [required, missing] = way === 'sent' ? [now, old] : [old, now];
    for (const member of required.required ?? []) {
      if (missing.required?.includes(member)) continue;
      const isThere = way === 'sent' || members[member];
      if (isThere) this.#tell(`${name}.${member}`, way === 'sent' ? 'is required' : 'may be missing');
    }
    if (way === 'sent' && now.additionalProperties === false && old.additionalProperties !== false) {
      if (old.type === 'object' || old.properties) this.#tell(name, 'takes no other members');
    }
  }

  /** Alternatives without a name are told apart by what they are of. */
  #alternatives(name, kind, old = [], now = [], way) {
    const find = (schemas, like) => schemas.find((schema) => label(schema) === label(like));
    for (const schema of old.filter((schema) => find(now, schema))) {
      this.#schema(name, schema, find(now, schema), way);
    }
    const gone = old.filter((schema) => !find(now, schema));
    const come = now.filter((schema) => !find(old, schema));
    if (gone.length === come.length) {
      gone.forEach((schema, at) => this.#schema(name, schema, come[at], way));
      return;
    }
    // One of the alternatives is enough, all of `allOf` hold: where the one may grow the other may shrink.
    const told = (kind === 'allOf') === (way === 'got') ? gone : come;
    for (const schema of told) this.#tell(name, `changed by ${label(schema)}`, label(schema));
    if (!old.length || !now.length) this.#tell(name, `changed its ${kind}`);
  }

  #all(document, parameters = []) {
    return parameters.map((parameter) => this.#at(document, parameter));
  }

  #at(document, node) {
    if (!node?.$ref) return node;
    return node.$ref.slice(2).split('/').reduce((at, step) => at?.[step], document);
  }
}

function label(schema) {
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.allOf) return schema.allOf.map(label).join(' with ');
  return [schema.type, schema.format].filter(Boolean).join(' ');
}

function isOpen(operation) {
  return operation.security?.length === 0;
}
