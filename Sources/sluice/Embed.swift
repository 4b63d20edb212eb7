import ArgumentParser
import Collectives
import Datasets
import Evaluation
import Exchange
import Progress
import Training

struct Embed: RankCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a network's features of every image, and what each image cost.",
    usage: "sluice embed --checkpoint <CHECKPOINT> --data <DATA> --output <FILE.safetensors> [<options>]",
    discussion: """
      A row an image, in the data's order: features of the backbone, multiply-adds, open channels of every gate, label, \
      name. Ranks share the images; what is written does not depend on ranks or threads. After an interruption the same \
      command resumes: FILE.safetensors.partial holds the rows until all are there.

      Example:
        sluice embed --checkpoint runs/first/checkpoints/latest \\
          --data cifar10:DIR --part train --output train.safetensors
      """)

  @OptionGroup var evaluated: EvaluatedOptions

  @Option(
    help: "Which images of the data (default: test, or train where there are none)."
  )
  var part: DataPart?

  @Option(
    help: ArgumentHelp("The file to write.", valueName: "FILE.safetensors"),
    completion: .file(extensions: [ExportFormat.safetensors.rawValue]), transform: nonEmptyPath)
  var output: String

  @Option(
    help: ArgumentHelp("Also write everything as comma-separated values.", valueName: "FILE"),
    completion: .file(extensions: ["csv"]), transform: nonEmptyPath)
  var csv: String?

  @Option(
    help: ArgumentHelp("Also write the features as a NumPy file.", valueName: "FILE"),
    completion: .file(extensions: ["npy"]), transform: nonEmptyPath)
  var npy: String?

  @OptionGroup var takeOver: TakeOverOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    guard ExportFormat(ofFile: output) == .safetensors else {
      throw ValidationError("--output must end in .safetensors, got '\(output)'.")
    }
    let files = [output] + others
    guard Set(files).count == files.count else {
      throw ValidationError("--output, --csv and --npy must name different files.")
    }
  }

  private var others: [String] { [csv, npy].compactMap(\.self) }

  static let stopsWhenAsked = true

  func run(on communicator: Communicator) throws {
    try Embedding.requireWritable(output: output, others: others, on: communicator)
    let subject = try evaluated.open(on: communicator, quiet: progress.quiet)
    let display = progress.display(on: communicator)
    if communicator.rank == 0 {
      for warning in subject.data.warnings { display.message("warning: \(warning)") }
    }
    let embedding = try Embedding(
      Embedding.Request(
        output: output, csv: csv, numPy: npy, source: evaluated.data,
        part: part ?? (subject.data.test == nil ? .train : .test), takesOver: takeOver.isForced,
        network: subject.trained.metadata),
      of: subject.data, by: try subject.extractor(on: communicator), on: communicator, pool: subject.pool,
      inform: { display.message($0) })
    let report = try display.following(embedding.title) { report in
      try embedding.run(progress: report, warn: { display.message("warning: \($0)") })
    }
    if let report { try results.print(report, on: communicator) }
  }
}

extension DataPart: ExpressibleByArgument {}
