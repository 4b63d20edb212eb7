import ArgumentParser
import Collectives
import Datasets
import Tensors

/// A data set, and who works on it.
struct DataOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The data set, for example folder:DIR or imagenet100:DIR.", valueName: "SOURCE"),
    completion: .dataset)
  var source: String

  @Option(
    help: ArgumentHelp(
      "A list of class folders, one a line, instead of the standard one.", valueName: "FILE"),
    completion: .file())
  var classes: String?

  @Option(help: ArgumentHelp("Threads of a rank (default: its share of the cores).", valueName: "N"))
  var threads: Int?

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, got \(threads).") }
  }

  func open(on communicator: Communicator) throws -> DatasetPair {
    try DatasetSource.open(source, DatasetOptions(classList: classes), on: communicator)
  }

  func pool(on communicator: Communicator) throws -> WorkerPool {
    WorkerPool(threads: try threads ?? communicator.placement().threads)
  }
}
