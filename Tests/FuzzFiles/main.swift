import Foundation
import Foundations

// Reads spoiled copies of files that Sluice takes from outside. What must not come: a crash, a hang, an error without a
// sentence. Inputs are a function of parser, seed and number. Prints a line of JSON for each parser.
//
// Built by scripts/fuzz, it is libFuzzer's program for one parser, which looks for inputs that reach new code.

func fail(_ message: String) -> Never {
  StandardStreams.say(message)
  exit(1)
}

#if LIBFUZZER
  runGuided()
#else
  let words = Array(CommandLine.arguments.dropFirst())
  if words == ["names"] {
    try StandardStreams.deliver(FileParser.all.map(\.name).joined(separator: "\n"))
    exit(0)
  }
  guard let options = Options(words) else { fail(Options.usage) }
  let corpus = try options.corpus.map(files) ?? []
  for parser in options.parsers {
    let inputs = Inputs(of: parser, seed: options.seed, corpus: corpus)
    if let number = options.shown {
      FileHandle.standardOutput.write(Data(inputs[number]))
    } else if let folder = options.seedFolder {
      try writeSeeds(of: parser, to: folder)
    } else {
      let campaign = try Campaign(inputs)
      StandardStreams.say(campaign.hint)
      let report = try campaign.run(
        from: options.first, count: options.inputs ?? 20 * parser.pace, seconds: options.seconds)
      try StandardStreams.deliver(report.line)
    }
  }
#endif

/// The contents of all files in a folder, in the order of their names.
func files(in folder: String) throws -> [[UInt8]] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    .compactMap { FileManager.default.contents(atPath: "\(folder)/\($0)").map(Array.init) }
}

/// Writes the files that inputs are made from to `folder`, and libFuzzer's list of words beside it.
func writeSeeds(of parser: FileParser, to folder: String) throws {
  try DurableFiles.makeFolder(folder)
  for (number, seed) in parser.seeds().enumerated() {
    try DurableFiles.write(Data(seed), to: "\(folder)/\(parser.name)-\(number)")
  }
  let words = parser.tokens.map { token in
    "\"" + token.utf8.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\"\n"
  }
  // libFuzzer takes no empty list.
  try DurableFiles.write(Data("# \(parser.name)\n\(words.joined())".utf8), to: folder + ".words")
}
