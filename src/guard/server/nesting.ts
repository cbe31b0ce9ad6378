const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Objects of Kubernetes have at most a few dozen levels. */
const MOST_LEVELS = 512;
/** Text this short has a few thousand levels at most, which a function that walks through it survives. */
const HARMLESS_BYTES = 16 * 1024;

/**
 * Whether JSON text is nested deeper than any object of Kubernetes. Parsing such text works, but whatever looks into the
 * result level by level (comparing, writing it out) would end in a RangeError.
 */
export function isTooDeep(json: Buffer): boolean {
  if (json.length <= HARMLESS_BYTES) return false;
  let level = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      level += 1;
      if (level > MOST_LEVELS) return true;
    } else if (byte === 0x5d || byte === 0x7d) level -= 1;
  }
  return false;
}
