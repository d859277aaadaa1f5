import type { RatchetdError } from "./errors.js";
import type { EnvelopeInfo, Methods } from "./generated.js";

/** The name of a method. */
export type Method = keyof Methods;

/** What a method takes. */
export type Params<M extends Method> = Methods[M]["params"];

/** Parameters and options, as `call` takes them: parameters may be left out if none is needed. */
export type Arguments<M extends Method, Options> = {} extends Params<M>
  ? [params?: Params<M>, options?: Options]
  : [params: Params<M>, options?: Options];

/** An envelope with the message sealed for a relay, and where it goes. */
export type SealedEnvelopeInfo = EnvelopeInfo & Required<Pick<EnvelopeInfo, "sealed" | "topic" | "contentTopic">>;

/** The methods that give their envelopes sealed if `seal` says so, or if what they read came sealed. */
export type SealingMethod = { [M in Method]: "seal" | "sealed" extends infer K ? (K extends Names<M> ? M : never) : never }[Method];
type Names<M extends Method> = string extends keyof Params<M> ? never : keyof Params<M>;

/** What these take then. */
export type SealingParams<M extends SealingMethod> = Params<M> & ("seal" extends Names<M> ? Asked : Given);
type Asked = { seal: true | "negotiated" | "partitioned" };
type Given = { sealed: string };

/** What a method gives: where the parameters ask for it, with envelopes that are sealed. */
export type Result<M extends Method, P = unknown> = P extends Asked | Given ? Sealed<Methods[M]["result"]> : Methods[M]["result"];
type Sealed<R> = R extends { envelopes: EnvelopeInfo[] }
  ? Omit<R, "envelopes"> & { envelopes: SealedEnvelopeInfo[] }
  : R & { reply?: SealedEnvelopeInfo };

/** A call of a batch: the method, and its parameters. */
export type Call = {
  [M in Method]: {} extends Params<M> ? readonly [method: M, params?: Params<M>] : readonly [method: M, params: Params<M>];
}[Method];

/** What came of the calls of a batch, in their order. */
export type Outcomes<Calls extends readonly Call[]> = {
  [Index in keyof Calls]: Result<Calls[Index][0], Calls[Index][1]> | RatchetdError;
};
