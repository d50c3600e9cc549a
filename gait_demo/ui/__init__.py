"""The app's page. Only this folder and app.py use Gradio."""
