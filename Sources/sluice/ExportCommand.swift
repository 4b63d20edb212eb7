import ArgumentParser
import Collectives
import Exchange
import Foundations
import Training

struct ExportCommand: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a checkpoint's backbone for PyTorch, ONNX runtimes and other programs.",
    usage: "sluice export --checkpoint <CHECKPOINT> --output <FILE> [--compact] [--samples <FILE>] [--json]",
    discussion: """
      FILE.safetensors holds torchvision's tensors, FILE.onnx a graph from normalised images to features; gates are \
      in both. The file is read back and computed with, and appears only if it gives the checkpoint's features.

      With --compact, channels that 'sluice prune' made superfluous are left out: an ordinary, smaller network.

      Example:
        sluice export --checkpoint runs/first/checkpoints/latest \\
          --output backbone.onnx
      """)

  @Option(
    help: ArgumentHelp("A checkpoint: a step-… folder or 'latest'.", valueName: "CHECKPOINT"),
    completion: .directory, transform: nonEmptyPath)
  var checkpoint: String

  @Option(
    help: ArgumentHelp("The file to write; its suffix says what it holds.", valueName: "FILE"),
    completion: .file(extensions: ExportFormat.allCases.map(\.rawValue)), transform: nonEmptyPath)
  var output: String

  @Flag(help: "Leave out the channels that 'sluice prune' took; without such channels nothing is written.")
  var compact = false

  @Option(
    help: ArgumentHelp(
      "Also write the images that the file was checked with, and their features, for checks elsewhere.",
      valueName: "FILE.safetensors"),
    completion: .file(extensions: [ExportFormat.safetensors.rawValue]), transform: nonEmptyPath)
  var samples: String?

  @OptionGroup var threads: ThreadOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    guard ExportFormat(ofFile: output) != nil else {
      let suffixes = ExportFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: " or ")
      throw ValidationError("--output must end in \(suffixes), got '\(output)'.")
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
    let opened = try Checkpoint.open(checkpoint, on: communicator, warn: warn)
    let threads = try threads.count(on: communicator)
    let whole = try ExportedNetwork(opened, on: communicator)
    let network = try communicator.agree { compact ? try whole.compacted() : whole }
    let report = try communicator.onRoot { _ in
      if network.normalization == nil {
        warn("\(opened.path) does not say how its images were normalised, so neither does the file")
      }
      let export = try BackboneExport(network, pool: .forKernels(threads: threads))
      let report = try export.write(to: output, as: ExportFormat(ofFile: output)!)
      if let samples { try export.writeSamples(to: samples) }
      return report
    }
    if let report { try results.print(report, on: communicator) }
  }
}
