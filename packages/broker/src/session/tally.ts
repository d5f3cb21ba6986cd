/** What the connections of a broker have done since it started, for people to look at. */
export interface Tally {
  published: number;
  delivered: number;
  acknowledged: number;
}
