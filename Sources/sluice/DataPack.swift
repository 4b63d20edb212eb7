import ArgumentParser
import Collectives
import DataTools
import Datasets
import Foundation
import Progress
import Tensors

struct DataPack: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Writes a data set as a few large files that are read from front to back.",
    usage: "sluice data pack <SOURCE> <OUT> --shards <N> [<options>]",
    discussion: """
      The shards are tar files of JPEG and PNG images with their labels, which tar and WebDataset read as well; \
      packed:OUT names them for training. Without --max-side and --quality images keep their bytes. What is \
      written does not depend on ranks or threads. After an interruption the same command resumes: finished shards \
      are kept.

      Examples:
        sluice data pack imagenet100:DIR OUT --shards 64 --max-side 256
        scripts/launch -n 8 sluice data pack folder:DIR OUT --shards 32
      """)

  @Argument(
    help: ArgumentHelp("The data set, for example imagenet100:DIR.", valueName: "SOURCE"),
    completion: .dataset)
  var source: String

  @Argument(
    help: ArgumentHelp("The folder of the pack, on a file system that all ranks share.", valueName: "OUT"),
    completion: .directory, transform: nonEmptyPath)
  var output: String

  @OptionGroup var data: DataOptions

  @Option(
    help: ArgumentHelp(
      "Files of training images, at least as many as ranks that pack; some 100 MB to 1 GB each is good.",
      valueName: "N"))
  var shards: Int

  @Option(
    help: ArgumentHelp("Shrink images so that the longer side has at most N pixels.", valueName: "N"))
  var maxSide: Int?

  @Option(
    help: ArgumentHelp(
      "Make every image a JPEG of this quality (default with --max-side: 90).", valueName: "1-100"))
  var quality: Int?

  @Option(
    help: "What to do about images that cannot be decoded: name all of them and stop, or leave them out.")
  var onError = OnBadImage.stop

  @OptionGroup var takeOver: TakeOverOptions

  @OptionGroup var threads: ThreadOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--shards", shards, in: 1...100_000)
    try requireOption("--max-side", maxSide, in: 1...65_500)
    try requireOption("--quality", quality, in: 1...100)
  }

  static let stopsWhenAsked = true

  func run(on communicator: Communicator) throws {
    var options = try data.options(on: communicator)
    options.onError = onError
    let parts = try DatasetSource.open(source, options, on: communicator)
    let display = progress.display(on: communicator)
    if communicator.rank == 0 {
      for warning in parts.warnings { display.message("warning: \(warning)") }
      if !progress.quiet { for note in parts.notes { display.message(note) } }
    }
    let packer = Packer(
      Packer.Request(
        source: source, folder: output, shards: shards,
        encoding: ImageEncoding(maxSide: maxSide, quality: quality),
        skipsBadImages: onError == .skip, takesOver: takeOver.isForced),
      data: parts, communicator: communicator,
      pool: WorkerPool(threads: try threads.count(on: communicator)), display: display)
    guard let summary = try packer.run() else { return }
    display.finish()
    try results.print(summary, on: communicator)
  }
}
