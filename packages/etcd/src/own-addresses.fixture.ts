/** The first bytes of addresses that no other file of tests uses meanwhile (test/own-addresses.ts): `127.41.7`. */
export const { OWN_ADDRESSES: loopback = '127.0.77' } = process.env;
