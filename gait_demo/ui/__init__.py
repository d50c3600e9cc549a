"""The pages of the app: with app.py the only code that knows Gradio."""
