/** Why a token is not accepted. Callers get this word, and never the token. */
export type TokenFault =
  | 'malformed'
  | 'algorithm'
  | 'signature'
  | 'expired'
  | 'not-yet-valid'
  | 'audience'
  | 'unknown-key'
  | 'claims'
  /** Its session was ended, or the client or the key that made it is gone. */
  | 'revoked';
