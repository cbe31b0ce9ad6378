/** What the caller is told instead of an answer. */
export class Fault extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
