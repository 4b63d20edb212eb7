/// Something that reads files of one kind from outside: whatever is in them, it returns or throws, within a moment.
struct FileParser: Sendable {
  /// As the command line has it.
  let name: String
  /// About how many inputs it reads in a second.
  let pace: Int
  /// Makes files as they should be, from which inputs are made.
  let seeds: @Sendable () -> [[UInt8]]
  /// Words of its format.
  let tokens: [String]
  /// Sets right what would keep the parser from seeing the rest of an input, such as a checksum.
  let repair: @Sendable ([UInt8]) -> [UInt8]
  /// Prepares a folder, which is empty, and returns what reads an input. That may throw, and nothing else.
  let open: @Sendable (_ folder: String) throws -> ([UInt8]) throws -> Void

  init(
    name: String, pace: Int = 3_000, seeds: @autoclosure @escaping @Sendable () -> [[UInt8]],
    tokens: [String] = [],
    repair: @escaping @Sendable ([UInt8]) -> [UInt8] = { $0 },
    open: @escaping @Sendable (_ folder: String) throws -> ([UInt8]) throws -> Void
  ) {
    (self.name, self.pace, self.seeds, self.tokens, self.repair, self.open) = (
      name, pace, seeds, tokens, repair, open
    )
  }

  /// - Parameter texts: Of the seeds.
  init(
    _ name: String, pace: Int = 3_000, _ texts: [String], tokens: [String],
    open: @escaping @Sendable (_ folder: String) throws -> ([UInt8]) throws -> Void
  ) {
    self.init(name: name, pace: pace, seeds: texts.map { Array($0.utf8) }, tokens: tokens, open: open)
  }

  static let all: [FileParser] =
    [
      safetensors, mask, objective, rewindingPoint, manifest, state, configuration, pack, shard, metrics,
      audits,
      rankTimes, nonFinite, evaluation, environment, classes, images, dataIndex, cifar10, holder, progress,
    ] + groundTruths

  /// Words of JSON.
  static let json = [
    "{", "}", "[", "]", ":", ",", "\"", "null", "true", "\\u0000", "\\ud800", "{\"a\":", "\"\":",
  ]
}
