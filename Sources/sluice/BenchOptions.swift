import ArgumentParser

/// What is measured: a configuration, or the one that is built in.
struct BenchOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A configuration file; see configs/.", valueName: "CONFIG"),
    completion: .configuration)
  var path: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Replaces one value of the configuration, for example precision=bf16. Repeatable.",
      valueName: "KEY=VALUE"),
    completion: .setting)
  var settings: [String] = []

  @Option(help: ArgumentHelp("Height and width of the views in pixels.", valueName: "N"))
  var size: Int?

  func validate() throws { try Self.require(size, 8...1024, "--size") }

  static func require(_ value: Int?, _ range: ClosedRange<Int>, _ option: String) throws {
    guard let value, !range.contains(value) else { return }
    throw ValidationError(
      "\(option) must be from \(range.lowerBound) to \(range.upperBound), got \(value).")
  }
}
