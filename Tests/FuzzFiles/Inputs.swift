import FuzzSupport

/// The inputs of a parser, numbered: the same for the same seed and number, on every machine.
struct Inputs {
  let parser: FileParser
  /// Of the random numbers.
  private let seed: UInt64
  /// From which inputs are made.
  let seeds: [[UInt8]]

  /// Nothing is learned from longer ones, and they only take time.
  private static let mostBytes = 1 << 16

  /// - Parameters:
  ///   - seed: Of the random numbers.
  ///   - corpus: Files beside the parser's own.
  init(of parser: FileParser, seed: UInt64, corpus: [[UInt8]]) {
    (self.parser, self.seed, seeds) = (parser, seed, parser.seeds() + corpus)
  }

  subscript(number: Int) -> [UInt8] {
    var draw = Draws(seed: seed, input: number)
    var bytes = draw.element(of: seeds)
    let other = draw.element(of: seeds)
    // Mostly one or two: what is spoiled in many places is refused at the first.
    for _ in 0...draw(below: 1 + draw(below: 5)) {
      if draw(below: 2) == 0 {
        draw.element(of: Mutation.allCases).apply(to: &bytes, other: other, &draw)
      } else {
        draw.element(of: TextMutation.allCases).apply(to: &bytes, tokens: parser.tokens, &draw)
      }
    }
    bytes = Array(bytes.prefix(Self.mostBytes))
    return draw(below: 8) > 0 ? parser.repair(bytes) : bytes
  }
}
