/** Where a work queue keeps what. */
export interface QueuePaths {
  /** One persistent znode an item, with its data as they were put; its version counts the attempts. */
  readonly items: string;
  /** One ephemeral znode, named as the item, for each that is claimed. */
  readonly claims: string;
  /** One persistent znode for each item that was given up, with its data, and why below it. */
  readonly dead: string;
}

export function queuePaths(directory: string): QueuePaths {
  return { items: `${directory}/items`, claims: `${directory}/claims`, dead: `${directory}/dead` };
}
