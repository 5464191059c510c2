internal import ArgumentParser
struct CecCommand: ParsableCommand {}
struct VerifyCommand: ParsableCommand {}
struct StoryCommand: ParsableCommand {}
