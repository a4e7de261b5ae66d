/** Jest's globalTeardown. */
export { endShared as default } from './share-zookeeper';
