/** An expression of the Common Expression Language, as the API server evaluates it. */
export type Cel = string;

/** A text as a literal of CEL; its escapes are those of JSON. */
export function literal(text: string): Cel {
  return JSON.stringify(text);
}

/** A text with `{name}` placeholders, each put together from the expression of that name. */
export function textOf(template: string, values: Readonly<Record<string, Cel>>): Cel {
  const parts = template.split(/\{(\w+)\}/);
  const expressions = parts.map((part, index) => (index % 2 === 0 ? literal(part) : valueOf(part, values)));
  return expressions.filter((expression) => expression !== '""').join(' + ');
}

function valueOf(name: string, values: Readonly<Record<string, Cel>>): Cel {
  const value = values[name];
  if (value === undefined) throw new Error(`No expression for {${name}}`);
  return value;
}

export function all(...conditions: readonly Cel[]): Cel {
  return conditions.map((condition) => `(${condition})`).join(' && ');
}

export function not(condition: Cel): Cel {
  return `!(${condition})`;
}

/** A missing number of replicas is 1, as in the rules. */
export function replicasOf(object: Cel): Cel {
  return `(has(${object}.spec.replicas) ? ${object}.spec.replicas : 1)`;
}

/** A Scale leaves out 0. */
export function scaleReplicasOf(object: Cel): Cel {
  return `(has(${object}.spec.replicas) ? ${object}.spec.replicas : 0)`;
}

export function minReplicasOf(hpa: Cel): Cel {
  return `(has(${hpa}.spec.minReplicas) ? ${hpa}.spec.minReplicas : 1)`;
}

/** The autoscaler targets some Deployment; the empty group and `extensions` count as `apps`. */
export function targetsDeployment(hpa: Cel): Cel {
  const target = `${hpa}.spec.scaleTargetRef`;
  const version = `${target}.apiVersion`;
  return `${target}.kind == "Deployment" && (!has(${version}) || !${version}.contains("/") || ${version}.startsWith("apps/") || ${version}.startsWith("extensions/"))`;
}

/** The autoscaler targets the Deployment of that name. */
export function targets(hpa: Cel, name: Cel): Cel {
  return `${targetsDeployment(hpa)} && ${hpa}.spec.scaleTargetRef.name == ${name}`;
}

/** Made by KEDA for a ScaledObject. */
export function ownedByKeda(hpa: Cel): Cel {
  const owners = `${hpa}.metadata.ownerReferences`;
  return `has(${owners}) && ${owners}.exists(owner, owner.kind == "ScaledObject" && owner.apiVersion.startsWith("keda.sh/"))`;
}

export const isNew: Cel = 'request.operation == "CREATE"';
export const notDeleted: Cel = '!has(object.metadata.deletionTimestamp)';
export const nameOfObject: Cel = '(has(object.metadata.name) ? object.metadata.name : "")';
