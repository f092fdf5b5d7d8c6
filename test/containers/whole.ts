/** With NODES=all (in `npm run test:full`) everything is tried on every etcd; else a sample of it. */
export const isWhole = process.env.NODES === 'all';
