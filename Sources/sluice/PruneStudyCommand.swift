import ArgumentParser
import Collectives
import Configurations
import Foundations
import Progress
import Studies

struct PruneStudyCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune-study",
    abstract: "Compares masks that were found with labels and without.",
    usage: """
      sluice prune-study <CONFIG> --seeds <N,…> [--sources <LIST>] [--rounds <R,…>] [--transfer <DATA>] \
      [--set [<SOURCE>:]<KEY=VALUE> ...] [--run <DIR>] [<options>]
      """,
    discussion: """
      The study of Caron et al.: for each source of masks and each seed a network is trained and pruned in rounds, as \
      'sluice prune' does. After some of the rounds, what remains goes back to its early weights and is trained on labels, \
      all with the same schedule; with --transfer, linear classifiers are trained on the pruned networks' frozen features. \
      What belongs to a source lies in DIR/SOURCE/seed-N; tables and figures are printed at the end and written to \
      DIR/study.html, study.json and CSV files. The same command goes on after an interruption, and with more rounds, seeds, \
      sources or schedules after those that are finished.

      Example:
        scripts/launch sluice prune-study configs/prune-cifar10.yaml --set data.source=cifar10:DIR \\
          --transfer cifar100:DIR --seeds 1,2,3 --set simclr:epochs=500 --run runs/study
      """)

  @OptionGroup var file: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "Where masks come from: labels, objectives without labels, and the controls of labels, random and reinitialized.",
      valueName: "LIST"), transform: SourceList.init)
  var sources = SourceList.usual

  @Option(
    help: ArgumentHelp(
      "After how many rounds networks are compared; 2, 4, 6, 8, 10, 12 and 14 leave 64, 41, 26, 17, 11, 7 and 4.4 %.",
      valueName: "R,…"), transform: RoundList.init)
  var rounds = RoundList.usual

  @Option(help: ArgumentHelp("All of it for each of these.", valueName: "N,…"), transform: SeedList.init)
  var seeds: SeedList

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      """
      Schedules of the training on labels: 'configured', or settings such as optimizer.learning_rate=0.05,epochs=20.
      """, valueName: "SCHEDULE"), transform: schedule)
  var schedules = [TrainingSchedule.configured]

  @Option(
    help: ArgumentHelp(
      "Data for linear classifiers on frozen features, for example cifar100:DIR.", valueName: "DATA"),
    completion: .dataset)
  var transfer: String?

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "The folder of everything (default: runs/ and the name of the configuration's file with -study).",
      valueName: "DIR"),
    completion: .directory, transform: nonEmptyPath)
  var folder: String?

  @Option(
    help: ArgumentHelp("Make this part alone, counted from 0: a source with a seed.", valueName: "INDEX"))
  var only: Int?

  @Flag(help: "Print a command for each source and seed, for the jobs of a Slurm array, and stop.")
  var array = false

  @OptionGroup var closedLayers: ClosedLayerOptions

  @OptionGroup var patience: PatienceOptions

  @OptionGroup var takeOver: TakeOverOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    let parts = sources.values.count { !MaskSource.controls.contains($0) } * seeds.values.count
    try requireOption("--only", only, in: 0...(parts - 1))
    guard !(array && only != nil) else { throw ValidationError("Give either --array or --only.") }
    guard Set(schedules).count == schedules.count else {
      throw ValidationError("--schedules names a schedule more than once.")
    }
    for setting in file.setting.settings {
      let (_, plain) = SourceSetting.split(setting)
      if let key = PruneStudyPlan.keys.first(where: { plain.hasPrefix("\($0)=") }) {
        throw ValidationError(
          "--set \(setting): the study decides \(key) itself, by --sources, --seeds and --rounds.")
      }
    }
  }

  static let stopsWhenAsked = true

  func run(on communicator: Communicator) throws {
    let settings = file.setting.settings.map(SourceSetting.split)
    let shared = settings.filter { $0.source == nil }.map(\.setting)
    let configuration = try ConfigurationFile(contentsOf: file.path, settings: shared, on: communicator)
    let folder = try folder ?? file.defaultRunFolder(on: communicator) + "-study"
    let plan = PruneStudyPlan(
      folder: folder, sources: sources.values, rounds: rounds.values, seeds: seeds.values,
      schedules: schedules, transfer: transfer, configuration.pruning)
    if array {
      return try results.print(ArrayJobs(plan, arguments: arguments(folder)), on: communicator)
    }
    let display = progress.display(on: communicator)
    let log = progress.log(beside: display)
    patience.apply(to: communicator)
    let own = Dictionary(grouping: settings.filter { $0.source != nil }) { $0.source! }
    let study = try PruneStudy(
      plan, of: configuration, settings: own.mapValues { $0.map(\.setting) },
      allowsClosedLayers: closedLayers.areAllowed, on: communicator, display: display, log: log)
    guard let report = try study.run(only: only, force: takeOver.isForced) else { return }
    try results.print(report, on: communicator)
  }

  /// The words that ask for this study.
  private func arguments(_ folder: String) -> [String] {
    var words = ["prune-study", file.path] + file.setting.settings.flatMap { ["--set", $0] }
    words += ["--sources", "\(sources)", "--rounds", "\(rounds)"]
    words += ["--seeds", seeds.values.map(String.init).joined(separator: ",")]
    if schedules != [.configured] { words += ["--schedules"] + schedules.map(\.name) }
    if let transfer { words += ["--transfer", transfer] }
    if closedLayers.areAllowed { words.append("--force") }
    return words + ["--run", folder]
  }

  /// - Throws: `ValidationError`.
  private static func schedule(_ text: String) throws -> TrainingSchedule {
    guard let schedule = TrainingSchedule(text) else {
      throw ValidationError(
        "it must be 'configured', or settings of optimizer.…, schedule.…, epochs and max_steps with commas between them, "
          + "for example optimizer.learning_rate=0.05,epochs=20")
    }
    return schedule
  }
}

/// A `--set` for all trainings of a study, or for those of one source.
enum SourceSetting {
  static func split(_ text: String) -> (source: MaskSource?, setting: String) {
    guard let colon = text.firstIndex(of: ":"), let source = MaskSource(String(text[..<colon])) else {
      return (nil, text)
    }
    return (source, String(text[text.index(after: colon)...]))
  }
}

/// Sources of masks as a person lists them.
struct SourceList {
  let values: [MaskSource]

  static let usual = SourceList(values: MaskSource.ofTheStudy)

  private init(values: [MaskSource]) { self.values = values }

  /// - Throws: `ValidationError`.
  init(_ text: String) throws {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    values = words.compactMap { MaskSource(String($0)) }
    guard values.count == words.count, Set(values).count == values.count else {
      throw ValidationError(
        "it must be different ones of \(MaskSource.all.map(\.description).joined(separator: ", ")), with commas between "
          + "them")
    }
    if let control = values.first(where: MaskSource.controls.contains), !values.contains(.labels) {
      throw ValidationError("\(control) goes by the masks of labels: name labels, too")
    }
  }
}

extension SourceList: CustomStringConvertible {
  var description: String { values.map(\.description).joined(separator: ",") }
}

/// Rounds of pruning as a person lists them.
struct RoundList {
  let values: [Int]

  /// The shares of Caron et al., and the whole network.
  static let usual = RoundList(values: [0, 2, 4, 6, 8, 10, 12, 14])

  private init(values: [Int]) { self.values = values }

  /// - Throws: `ValidationError`.
  init(_ text: String) throws {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    values = words.compactMap { Int($0) }.filter { 0...100 ~= $0 }
    guard values.count == words.count, Set(values).count == values.count else {
      throw ValidationError(
        "it must be different whole numbers up to 100 with commas between them, for example 0,4,8,12")
    }
  }
}

extension RoundList: CustomStringConvertible {
  var description: String { values.map(String.init).joined(separator: ",") }
}
