export interface FaultText {
  readonly message: string;
  readonly fix: string;
}
