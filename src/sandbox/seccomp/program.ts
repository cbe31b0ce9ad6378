/** One classic BPF instruction: `struct sock_filter` of linux/filter.h. */
export interface Instruction {
  readonly code: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly operand: number;
}

const LOAD_WORD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP = 0x05; // BPF_JMP | BPF_JA
const IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const IF_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K
const FAR = 255;
const SIZE = 8;

function instruction(code: number, operand: number, whenTrue = 0, whenFalse = 0): Instruction {
  return { code, whenTrue, whenFalse, operand: operand >>> 0 };
}

/** A piece of a program that always ends in a return. */
export type Block = readonly Instruction[];

export function give(action: number): Block {
  return [instruction(RETURN, action)];
}

/** Loads a word of `struct seccomp_data`; the accumulator is what the following tests look at. */
export function load(offset: number): Instruction {
  return instruction(LOAD_WORD, offset);
}

export function mask(bits: number): Instruction {
  return instruction(AND, bits);
}

/** `whenTrue` where the accumulator equals `value`, `whenFalse` elsewhere. */
export function ifEqual(value: number, whenTrue: Block, whenFalse: Block): Block {
  return branch(IF_EQUAL, value, whenFalse, whenTrue);
}

/** `below` where the accumulator is less than `value` (both unsigned), `from` elsewhere. */
export function ifAtLeast(value: number, from: Block, below: Block): Block {
  return branch(IF_AT_LEAST, value, below, from);
}

/** The tested block follows after the other one; a distance that does not fit a byte takes a long jump. */
function branch(code: number, value: number, otherwise: Block, matched: Block): Block {
  if (otherwise.length <= FAR) return [instruction(code, value, otherwise.length, 0), ...otherwise, ...matched];
  return [instruction(code, value, 0, 1), instruction(JUMP, otherwise.length), ...otherwise, ...matched];
}

/** What to do from a system call's number on, until the next one. */
export interface Range {
  readonly from: number;
  readonly block: Block;
}

/** Finds the range of the accumulator by halving; `ranges` are ascending, and the first one also takes what lies below it. */
export function search(ranges: readonly Range[]): Block {
  const [first] = ranges;
  if (first === undefined) throw new RangeError('a search needs a range');
  if (ranges.length === 1) return first.block;
  const middle = ranges.length >>> 1;
  const right = ranges.slice(middle);
  return ifAtLeast(right[0]?.from ?? 0, search(right), search(ranges.slice(0, middle)));
}

/** The bytes that `seccomp(2)` and bubblewrap take, in the byte order of the machine (little endian on x64 and arm64). */
export function encode(block: Block): Buffer {
  const bytes = Buffer.alloc(block.length * SIZE);
  for (const [index, { code, whenTrue, whenFalse, operand }] of block.entries()) {
    bytes.writeUInt16LE(code, index * SIZE);
    bytes.writeUInt8(whenTrue, index * SIZE + 2);
    bytes.writeUInt8(whenFalse, index * SIZE + 3);
    bytes.writeUInt32LE(operand, index * SIZE + 4);
  }
  return bytes;
}

/** Runs a program on one system call, as the kernel would: for tests and for whoever wants to know what a filter does. */
export function evaluate(block: Block, data: Buffer): number {
  let accumulator = 0;
  for (let at = 0; at < block.length; at += 1) {
    const { code, whenTrue, whenFalse, operand } = block[at] as Instruction;
    if (code === RETURN) return operand;
    if (code === LOAD_WORD) accumulator = data.readUInt32LE(operand);
    else if (code === AND) accumulator = (accumulator & operand) >>> 0;
    else if (code === JUMP) at += operand;
    else {
      const holds = code === IF_EQUAL ? accumulator === operand : accumulator >= operand;
      at += holds ? whenTrue : whenFalse;
    }
  }
  throw new RangeError('the program ran past its end');
}
