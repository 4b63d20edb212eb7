/// What the command line asks for.
struct Options {
  static let usage = """
    usage: FuzzFiles PARSER|all [--inputs N | --seconds S] [--seed N] [--first N] [--corpus DIR]
               (without a number or a limit: inputs for about 20 seconds, equally many on every machine)
           FuzzFiles names                                         lists the parsers
           FuzzFiles PARSER --show N [--seed N] [--corpus DIR]     writes input N to standard output
           FuzzFiles PARSER --seeds DIR                            writes what inputs are made from, and its words
    """

  let parsers: [FileParser]
  /// nil: those of about 20 seconds, equally many on every machine.
  var inputs: Int?
  /// A limit in the place of `inputs`.
  var seconds: Double?
  var seed: UInt64 = 0
  var first = 0
  var corpus: String?
  var shown: Int?
  var seedFolder: String?

  /// nil: they make no sense.
  init?(_ words: [String]) {
    guard let name = words.first else { return nil }
    parsers = FileParser.all.filter { name == "all" || $0.name == name }
    guard !parsers.isEmpty, words.count % 2 == 1 else { return nil }
    for place in stride(from: 1, to: words.count, by: 2) {
      let value = words[place + 1]
      switch words[place] {
      case "--inputs": guard let number = Int(value) else { return nil }; inputs = number
      case "--seconds": guard let number = Double(value) else { return nil }; seconds = number
      case "--seed": guard let number = UInt64(value) else { return nil }; seed = number
      case "--first": guard let number = Int(value) else { return nil }; first = number
      case "--corpus": corpus = value
      case "--show": guard let number = Int(value) else { return nil }; shown = number
      case "--seeds": seedFolder = value
      default: return nil
      }
    }
  }
}
