/** Owns the error that says which law of a world was found broken, and where. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
}
