using Pepper.Cli;

return await PepperCommand.RunAsync(args, Console.Out, Console.Error);
