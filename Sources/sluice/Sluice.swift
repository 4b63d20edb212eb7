import ArgumentParser

@main
struct Sluice: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "Pretrain convolutional networks that choose their own channels, on any number of ranks.")
}
