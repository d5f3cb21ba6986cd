/** True only for the very same type; `any` and `unknown` equal nothing but themselves. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only when the two types are the same: `same<number, typeof value>()`. */
export declare function same<A, B>(...proof: Equal<A, B> extends true ? [] : ['the types differ']): void;
