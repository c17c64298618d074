/** Owns where the nodes of a world listen: each in a network of its own, so that no rule about groups keeps them apart. */

export const PORT = 9_000;

export function hostOfNode(index: number): string {
  return `10.${index + 1}.0.1`;
}

export function addressOfNode(index: number): string {
  return `ws://${hostOfNode(index)}:${PORT}`;
}
