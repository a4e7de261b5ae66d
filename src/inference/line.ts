/** Where an item stands in one line. */
export interface Place<T> {
  inside: boolean;
  before: T | undefined;
  after: T | undefined;
}

export function noPlace<T>(): Place<T> {
  return { inside: false, before: undefined, after: undefined };
}

/**
 * Items in the order in which they came, each in one place of its own that it carries with it. In place of a `Set`, which
 * under steady coming and going makes a new table again and again: V8 has each old one point to the next, so that once
 * one has outlived two collections, all that came after it is kept until a collection of the whole heap.
 */
export class Line<T extends object> implements Iterable<T> {
  readonly #placeOf: (item: T) => Place<T>;
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  constructor(placeOf: (item: T) => Place<T>) {
    this.#placeOf = placeOf;
  }

  get size(): number {
    return this.#size;
  }

  /** To the end of the line; one that is in it stays where it is. */
  add(item: T): void {
    const place = this.#placeOf(item);
    if (place.inside) return;
    place.inside = true;
    place.before = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#placeOf(this.#last).after = item;
    this.#last = item;
    this.#size += 1;
  }

  /** Nothing for one that is not in it. */
  delete(item: T): void {
    const place = this.#placeOf(item);
    if (!place.inside) return;
    const { before, after } = place;
    if (before === undefined) this.#first = after;
    else this.#placeOf(before).after = after;
    if (after === undefined) this.#last = before;
    else this.#placeOf(after).before = before;
    place.inside = false;
    place.before = undefined;
    place.after = undefined;
    this.#size -= 1;
  }

  /** The item that is visited may be deleted meanwhile, and no other; what is added is visited if that one stays. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    let item = this.#first;
    while (item !== undefined) {
      const place = this.#placeOf(item);
      const { after } = place;
      yield item;
      item = place.inside ? place.after : after;
    }
  }
}
