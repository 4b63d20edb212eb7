import ArgumentParser
import Collectives
import Configurations
import DataTools
import Datasets
import Foundation
import Foundations
import Images
import Progress
import Tensors
import Training

struct DataInspect: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what a data set holds: counts, classes, sizes, colours, and views to look at.",
    discussion: """
      The sheet has a row for each of eight images: first what evaluation sees, then what training does, two views \
      for each of four epochs. Without --config they are made as for ImageNet-100.

      Example:
        sluice data inspect imagenet100:DIR --sheet sheet.png
      """)

  @OptionGroup var data: DataSourceOptions

  @Option(
    help: ArgumentHelp("Write a PNG image of augmented views.", valueName: "FILE.png"),
    completion: .file(extensions: ["png"]), transform: nonEmptyPath)
  var sheet: String?

  @Option(
    help: ArgumentHelp("Make the views as this configuration says.", valueName: "CONFIG"),
    completion: .configuration, transform: nonEmptyPath)
  var config: String?

  @OptionGroup var setting: SettingOptions

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func run(on communicator: Communicator) throws {
    let file = try configurationFile(on: communicator)
    try communicator.agree {
      if communicator.rank == 0, let sheet { try DurableFiles.requireWritableFile(sheet) }
    }
    let parts = try data.open(on: communicator)
    let pool = try data.pool(on: communicator)
    let display = progress.display(on: communicator)
    let inspection = try display.following("inspecting \(parts.imageCount) images") { report in
      try DataInspection(
        of: parts, source: data.source, pool: pool, communicator: communicator, progress: report)
    }
    try communicator.agree {
      guard communicator.rank == 0, let sheet else { return }
      let configuration = try file.resolved(imageSize: parts.train.imageSize)
      let image = try ContactSheet(
        of: parts.train, augmentation: configuration.views, seed: configuration.seed, pool: pool
      ).image
      try DurableFiles.replace(sheet, by: Data(try image.pngData()))
    }
    try results.print(inspection, on: communicator)
  }

  /// What decides the views: of the file, or ImageNet-100's.
  private func configurationFile(on communicator: Communicator) throws -> ConfigurationFile {
    if let config {
      return try ConfigurationFile(contentsOf: config, settings: setting.settings, on: communicator)
    }
    return try communicator.agree {
      try ConfigurationFile(
        yaml: "data: {source: shapes}\naugmentation: {blur_probability: 0.5}\n", path: "",
        settings: setting.settings)
    }
  }
}
