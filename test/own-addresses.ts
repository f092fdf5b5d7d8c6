// For vitest: files run side by side, so each has loopback addresses to itself, on this whole machine. Fixtures of
// packages read them from here; a lab takes others.

import { claimAddresses } from '@etcd-rotate/lab';

process.env.OWN_ADDRESSES = await claimAddresses();
