// systemd-notify has no types of its own. Of its options, those that are used.
declare module 'systemd-notify' {
  /** Runs the program of the same name. Rejects with a string when that fails, with an Error when there is none. */
  function notify(options: { ready?: true; status?: string }): Promise<unknown>;
  export = notify;
}
