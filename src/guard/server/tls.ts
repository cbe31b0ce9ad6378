/** Older versions are broken; API servers of every supported release speak 1.2 and 1.3. */
export const MIN_TLS_VERSION = 'TLSv1.2';
