import ArgumentParser
import Collectives
import Datasets
import Tensors

/// A data set, and who works on it.
struct DataSourceOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The data set, for example folder:DIR or imagenet100:DIR.", valueName: "SOURCE"),
    completion: .dataset)
  var source: String

  @OptionGroup var options: DataOptions

  @OptionGroup var threads: ThreadOptions

  /// Opens the data, files that cannot be used or not.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  func open(on communicator: Communicator) throws -> DataParts {
    var options = try self.options.options(on: communicator)
    options.onError = .skip
    return try DatasetSource.open(source, options, on: communicator)
  }

  func pool(on communicator: Communicator) throws -> WorkerPool {
    WorkerPool(threads: try threads.count(on: communicator))
  }
}
