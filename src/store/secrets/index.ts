export { readSecretsKey } from './key-file.ts';
export {
  type OpenedSecret,
  type SecretEntry,
  type SecretPin,
  type SecretPins,
  type SecretScope,
  type SecretStore,
  createSecretStore,
} from './secrets.ts';
