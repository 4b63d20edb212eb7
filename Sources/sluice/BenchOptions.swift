import ArgumentParser

/// What is measured: a configuration, or the one that is built in.
struct BenchOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("A configuration file; see configs/.", valueName: "CONFIG"),
    completion: .configuration, transform: nonEmptyPath)
  var path: String?

  @OptionGroup var setting: SettingOptions

  @Option(help: ArgumentHelp("Height and width of the views in pixels.", valueName: "N"))
  var size: Int?

  func validate() throws { try requireOption("--size", size, in: 8...1024) }
}
