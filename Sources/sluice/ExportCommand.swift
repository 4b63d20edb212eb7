import ArgumentParser
import Collectives
import Exchange
import Foundations
import Training

struct ExportCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a checkpoint's backbone for PyTorch, ONNX runtimes and other programs.",
    usage: """
      sluice export --checkpoint <CHECKPOINT> --output <FILE> [--samples <FILE>] [--json]
      sluice export --checkpoint <CHECKPOINT> --output <FILE> --compact [--data <DATA> [--open-on <SHARE>]]
      """,
    discussion: """
      FILE.safetensors holds torchvision's tensors, FILE.onnx a graph from normalised images to features; gates are \
      in both. The file is read back and computed with, and appears only if it gives the checkpoint's features.

      With --compact, channels that 'sluice prune' made superfluous are left out: an ordinary, smaller network. With \
      --data, so are those that gates open on none of its training images, or with --open-on on less than a share of \
      them; k-NN and MACs on its test images follow, before and after.

      Example:
        sluice export --checkpoint runs/first/checkpoints/latest \\
          --output backbone.onnx
        sluice export --checkpoint runs/first/checkpoints/latest \\
          --output slim.safetensors --compact --data cifar10:DIR --open-on 0.01
      """)

  @Option(
    help: ArgumentHelp("A checkpoint: a step-… folder or 'latest'.", valueName: "CHECKPOINT"),
    completion: .directory, transform: nonEmptyPath)
  var checkpoint: String

  @Option(
    help: ArgumentHelp("The file to write; its suffix says what it holds.", valueName: "FILE"),
    completion: .file(extensions: ExportFormat.allCases.map(\.rawValue)), transform: nonEmptyPath)
  var output: String

  @Flag(
    help: """
      Leave out the channels that 'sluice prune' took, and with --data those that gates rarely open; without such \
      channels nothing is written.
      """)
  var compact = false

  @Option(
    help: ArgumentHelp(
      "Images that show which channels gates open, for example cifar10:DIR.", valueName: "DATA"),
    completion: .dataset)
  var data: String?

  @OptionGroup var dataOptions: DataOptions

  @Option(
    help: ArgumentHelp(
      "Share of the images on which a channel has to be open to stay, from 0 to 1 (default: one image).",
      valueName: "SHARE"))
  var openOn: Double?

  @Option(
    help: ArgumentHelp(
      "Also write the images that the file was checked with, and their features, for checks elsewhere.",
      valueName: "FILE.safetensors"),
    completion: .file(extensions: [ExportFormat.safetensors.rawValue]), transform: nonEmptyPath)
  var samples: String?

  @OptionGroup var threads: ThreadOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    guard ExportFormat(ofFile: output) != nil else {
      let suffixes = ExportFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: " or ")
      throw ValidationError("--output must end in \(suffixes), got '\(output)'.")
    }
    guard data == nil || compact else {
      throw ValidationError("--data shows which channels can go: give --compact too.")
    }
    if let openOn {
      guard data != nil else {
        throw ValidationError("--open-on is a share of images: say of which with --data.")
      }
      guard (0...1).contains(openOn) else {
        throw ValidationError("--open-on must be from 0 to 1, got \(openOn).")
      }
    }
    guard let samples else { return }
    guard ExportFormat(ofFile: samples) == .safetensors, samples != output else {
      throw ValidationError("--samples must name another file, which ends in .safetensors, got '\(samples)'.")
    }
  }

  func run(on communicator: Communicator) throws {
    try communicator.agree {
      guard communicator.rank == 0 else { return }
      for file in [output, samples].compactMap(\.self) { try DurableFiles.requireWritableFile(file) }
    }
    let subject = try data.map {
      try EvaluatedSubject(
        checkpoint: checkpoint, data: $0, dataOptions, threads, on: communicator, quiet: progress.quiet)
    }
    let opened = try Checkpoint.open(subject?.trained.path ?? checkpoint, on: communicator, warn: warn)
    let threadCount = try threads.count(on: communicator)
    let whole = try ExportedNetwork(opened, on: communicator)
    let slimming = try subject.map { try slim(whole, as: $0, on: communicator) }
    let network =
      try slimming?.network ?? communicator.agree { compact ? try whole.compacted() : whole }
    let report = try communicator.onRoot { _ in
      if network.normalization == nil {
        warn("\(opened.path) does not say how its images were normalised, so neither does the file")
      }
      let export = try BackboneExport(network, pool: .forKernels(threads: threadCount))
      var report = try export.write(to: output, as: ExportFormat(ofFile: output)!)
      report.slimming = slimming?.report
      if let samples { try export.writeSamples(to: samples) }
      return report
    }
    if let report { try results.print(report, on: communicator) }
  }

  private func slim(
    _ whole: ExportedNetwork, as subject: EvaluatedSubject, on communicator: Communicator
  ) throws -> Slimming {
    try communicator.agree { try subject.trained.requireGates() }
    let parts = try subject.classifiable(on: communicator)
    try subject.requireMemory(for: parts, .backbone, isGathered: false, on: communicator)
    if communicator.rank == 0 { subject.data.warnings.forEach { warn($0) } }
    return try Slimming(
      whole, subject.trained, openOn: openOn ?? 0, parts, of: subject.data, on: communicator,
      pool: subject.pool, showing: progress.display(on: communicator))
  }
}
